# As much of a module system as the modules here ask for: options with defaults and checked types, definitions that merge.
rec {
  mkOption = option: option // { _type = "option"; };
  mkEnableOption =
    what:
    mkOption {
      type = types.bool;
      default = false;
      description = "Whether to enable ${what}.";
    };
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkDefault = content: content;
  literalExpression = text: text;
  optionalAttrs = condition: attrs: if condition then attrs else { };
  optionals = condition: list: if condition then list else [ ];
  optionalString = condition: text: if condition then text else "";
  concatStringsSep = builtins.concatStringsSep;
  concatMapStrings = make: list: builtins.concatStringsSep "" (map make list);

  types =
    let
      checked = name: check: {
        inherit name;
        read = path: value: if check value then value else throw "${path}: want ${name}";
      };
    in
    rec {
      str = checked "a string" builtins.isString;
      singleLineStr = checked "one line" (
        value: builtins.isString value && builtins.match "[^\n]*" value != null
      );
      bool = checked "a boolean" builtins.isBool;
      package = checked "a package" (value: builtins.isAttrs value && value ? outPath);
      ints.positive = checked "a number above 0" (value: builtins.isInt value && value > 0);
      enum = values: checked "one of ${toString values}" (value: builtins.elem value values);
      nullOr = inner: {
        name = "null or ${inner.name}";
        read = path: value: if value == null then null else inner.read path value;
      };
      listOf = inner: {
        name = "a list of ${inner.name}";
        read =
          path: value:
          if builtins.isList value then map (inner.read "${path}.*") value else throw "${path}: want a list";
      };
      submodule = { options }: {
        name = "a submodule";
        read = path: value: readOptions path options value;
      };
    };

  # The value of every option, with defaults, from one set of definitions. What is no option is an error.
  readOptions =
    path: options: given:
    let
      unknown = builtins.attrNames (builtins.removeAttrs given (builtins.attrNames options));
      valueOf =
        name: option:
        if option._type or "" != "option" then
          readOptions "${path}.${name}" option (given.${name} or { })
        else if given ? ${name} then
          option.type.read "${path}.${name}" given.${name}
        else
          option.default or (throw "${path}.${name}: no value and no default");
    in
    if unknown != [ ] then throw "${path}: no such option: ${toString unknown}" else builtins.mapAttrs valueOf options;

  # Definitions without conditions: those that hold, merged.
  settle =
    value:
    if !builtins.isAttrs value || value ? outPath then
      value
    else if value._type or "" == "if" then
      (if value.condition then settle value.content else { })
    else if value._type or "" == "merge" then
      builtins.foldl' merge { } (map settle value.contents)
    else
      builtins.mapAttrs (_: settle) value;

  merge =
    a: b:
    if builtins.isAttrs a && builtins.isAttrs b then
      a // builtins.mapAttrs (name: value: if a ? ${name} then merge a.${name} value else value) b
    else if builtins.isList a && builtins.isList b then
      a ++ b
    else
      b;
}
