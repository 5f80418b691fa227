"""The common part of both websockets on a thread, whose consumers are in ``web.live`` and ``api.websocket``.

thread_socket  the base class of the consumers
auth           who may open a socket
signals        sign-outs and the like, after which open sockets check that again
"""
