"""The third host: the operator's engine and AWS in one process, in one thread, in virtual time, all from one seed."""
