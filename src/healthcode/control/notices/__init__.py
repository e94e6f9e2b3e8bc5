"""What a person is told (通知): the steps of her timeline as they come, and the texts that say so."""
