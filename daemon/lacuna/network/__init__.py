"""The torch side: LaMa, its weights, the device they run on. Nothing else imports torch."""
