"""What is typed: one module a command, with its options and its help, and nothing imported that only its work needs.

What a command does is imported when it is called, so that help, completion and wrong usage wait for nothing.
"""
