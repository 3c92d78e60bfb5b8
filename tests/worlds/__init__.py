"""Random worlds: whatever people do, whatever fails, whenever the connector dies, its mirror becomes the world."""
