; Definitions of functions, kernels and methods: anything with a body, function-try-blocks included.
(function_definition
  declarator: (_)
  body: [(compound_statement) (try_statement)]) @function
