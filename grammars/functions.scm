; Definitions of functions, kernels and methods: anything with a body.
(function_definition
  declarator: (_)
  body: (compound_statement)) @function
