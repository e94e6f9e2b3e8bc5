"""Risk areas (风险区): designated by a county, approved by its city, in force for everybody at once (color.md)."""
