"""Units, posts, officers and the sessions under which every act is done (Art. 17, 18, 37)."""
