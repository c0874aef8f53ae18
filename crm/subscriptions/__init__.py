"""What is sold, and who has it: subscription types, and subscriptions with their periods."""
