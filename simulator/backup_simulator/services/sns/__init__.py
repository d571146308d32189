"""SNS: what happens to what is published; the calls about topics and subscriptions are answered by moto."""
