"""What follows from answers: outlook, sensitivity, what changed, the plan as a whole."""
