"""What somebody who writes a template is told: samples, the longest case, what it costs, what would break."""
