"""A carrier to play with: it speaks Flowroute's API and callbacks and shows phones on a page.

It keeps everything in memory and nothing on disk.
"""
