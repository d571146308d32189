"""The demo: a simulated AWS, a real Kubernetes API, the chart and the operator, from nothing to a protected vault."""
