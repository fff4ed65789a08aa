"""What the tests of several services share."""

pytest_plugins = ["standalone.testing"]
