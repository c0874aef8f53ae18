"""The web floor: routes, forms, guards, pages, the webhook's door, health. No rule of the business lives here."""
