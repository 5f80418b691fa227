"""What a page, a call or a sweep costs in a large installation, beside the same in a small one."""
