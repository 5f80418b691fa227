"""The form of an assistant: instructions, model, tools and the files that its tools use."""
