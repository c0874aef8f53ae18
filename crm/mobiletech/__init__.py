"""Words over the wire: SMS that come in, SMS that go out, and what the gateway reports about them."""
