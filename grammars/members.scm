; A member of a variable set to an expression: `block.x = 32;`, `p->rows = n;`.
(assignment_expression
  left: (field_expression) @variable
  right: (_) @value) @binding
