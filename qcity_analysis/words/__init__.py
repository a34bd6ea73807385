"""Results in words, Chinese and English: labels, sentences, amounts, tables of key figures."""
