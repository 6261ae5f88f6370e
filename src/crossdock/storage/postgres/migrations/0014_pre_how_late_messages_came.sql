-- How late messages came lately: the log grows in the order of their receiving, so the smallest
-- index there is finds the newest ones.
CREATE INDEX message_received ON message USING brin (received_time) WITH (pages_per_range = 16);
