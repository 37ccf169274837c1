"""What paying online costs: dated schedules as data, exact arithmetic, and an explanation of every figure."""
