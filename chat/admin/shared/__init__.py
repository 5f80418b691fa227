"""The permissions, form fields and formats that several subjects of the admin share."""
