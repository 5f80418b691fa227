"""The isolation that a fork puts on before it may run a line of anyone's code: ``layers`` has the layers in order."""
