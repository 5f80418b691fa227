"""Sessions seen from outside: forked by a zygote, watched over, and never believed."""
