-- Which orders have something open or wrong between shipment, invoice, return and credit.
ALTER TABLE sales_order ADD COLUMN unmatched boolean NOT NULL DEFAULT false;
CREATE INDEX sales_order_unmatched ON sales_order (order_id COLLATE "C") WHERE unmatched;
