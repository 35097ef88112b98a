"""What answers a task's questions: a model loaded here, or a served one."""
