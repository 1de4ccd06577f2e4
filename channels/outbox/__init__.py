"""The worker that empties the outbox: takes one message after another and hands it to a gateway."""
