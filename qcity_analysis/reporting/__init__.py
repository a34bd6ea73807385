"""Results as people read them, in Chinese and English: labels, sentences, tables, figures, pages."""
