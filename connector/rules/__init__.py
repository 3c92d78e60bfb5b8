"""The rules that operations admins write: typed models, reading, checking. Emits conditions as SQL text."""
