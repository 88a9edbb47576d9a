; Other names for types: typedef, using (templates among them), enums.
(type_definition) @typedef
(alias_declaration) @alias
(enum_specifier) @enum
