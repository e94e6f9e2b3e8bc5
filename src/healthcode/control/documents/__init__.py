"""The document index as control makes it: generations, keys, entries; and what document checks leave behind."""
