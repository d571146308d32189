"""Development tools of this repository: real Kubernetes binaries, and a control plane made of them.

Nothing here is shipped; tests, demo and bench import it.
"""
