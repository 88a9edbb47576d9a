; Structs and classes with a body. Unions are left out on purpose: their members overlap.
(struct_specifier body: (field_declaration_list)) @struct
(class_specifier body: (field_declaration_list)) @struct
