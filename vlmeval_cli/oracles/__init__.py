"""The original packages, run beside ours: the user's own proof (``vlmeval score --reference``)."""
