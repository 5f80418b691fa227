"""What a fork does to itself before it may run a line of anyone's code: the layers, and their order."""
