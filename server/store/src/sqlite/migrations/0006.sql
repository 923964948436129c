-- Names and tags of runs that have some, to be searched. A row has its run's key. owner and tags are single words that
-- the tokenizer leaves as they are: the account's key after an a, and the tag in hexadecimal digits after a t.
CREATE VIRTUAL TABLE run_words USING fts5(
    owner, words, tags, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
