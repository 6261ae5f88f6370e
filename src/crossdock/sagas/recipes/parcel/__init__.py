"""Pack, label, ERP, transport, notice: what a carton needs once it is closed (R68)."""
