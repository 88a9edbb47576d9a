; Functions announced without a body. A declaration at block scope may be one too; readers filter by place.
(declaration
  declarator: [
    (function_declarator)
    (pointer_declarator (function_declarator))
    (reference_declarator (function_declarator))
  ]) @prototype
