-- Why the goods went; nothing in rows that were written before movements had kinds.
ALTER TABLE movement ADD COLUMN kind text;
