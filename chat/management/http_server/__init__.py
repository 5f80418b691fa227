"""Daphne as a server that strangers may reach, and that others may replace.

server          Daphne with the work beside requests, and back-pressure on what it sends
http_channel    a connection, whose requests are bounded by ``request_limits``
request_bodies  bodies of requests on the disk instead of in memory
draining        what a server that is being stopped does with its connections
"""
