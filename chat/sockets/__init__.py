"""What both websockets on a thread share: who may open one, and how it behaves. The consumers are in their doors."""
