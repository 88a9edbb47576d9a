; Enumerators with a value.
(enumerator
  name: (identifier) @name
  value: (_) @value)
