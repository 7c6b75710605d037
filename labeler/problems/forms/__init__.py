"""Forms in which people keep solutions with step labels, one record each (`forms.table`)."""
