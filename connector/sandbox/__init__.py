"""An emulated Salesforce and Account Engagement over one invented world, on loopback.

It imports nothing from the rest of the connector, so that it cannot share the connector's mistakes.
"""
