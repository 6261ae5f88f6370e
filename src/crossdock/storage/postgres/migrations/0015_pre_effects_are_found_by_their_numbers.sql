-- To which effect a far system gave a number of its own: somebody asks for an order by it.
CREATE INDEX attempt_reference ON attempt (reference)
WHERE reference <> '' AND verdict <> 'superseded';
