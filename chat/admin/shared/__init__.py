"""What several subjects of the admin need: permissions, form fields, figures in words."""
