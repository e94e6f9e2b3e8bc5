"""The control plane: where people work. Low volume, high integrity, every act in one transaction."""
