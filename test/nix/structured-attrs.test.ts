import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHash } from "#nix/hash.ts";
import { formatJson } from "#nix/json-text.ts";
import { hashPlaceholder } from "#nix/placeholder.ts";
import { parseStorePathBaseName, DEFAULT_STORE_DIR as STORE } from "#nix/store-path.ts";
import { formatReferencesGraph, structuredAttrsJson, structuredAttrsShell } from "#nix/structured-attrs.ts";

const OUT = "/nix/store/nv2i7m7hlkp3saja43422668zc4krx49-structured";
const DEV = "/nix/store/wvnm66wz2bz7mdxbahinqkkpl2q4kahv-structured-dev";
const DEP = parseStorePathBaseName("z4asv3j07d89ywjf8fxkn7sg6mf5s9q5-dep");

const JSON_BEFORE = `{"bad-name":1,"big":1e+20,"bool":true,"flat":[1,3.0,true,false,null,"it's"],"flo":2.5,"i32":4294967301,"int":9007199254740993,"list":[1,{"a":[]}],"mid":123456789.12345679,"neg":-1,"nested":{"a":{"b":1}},"nolist":[],"noset":{},"nul":null,"off":false,"outputs":["out","dev"],"self":"${hashPlaceholder("out")}","set":{"a":1,"b c":"it's","d":false,"e":null},"str":"q\\"u\\\\o\\nte's $x","uni":"é🚀","whole":3.0}`;

/** As Nix 2.34.8 wrote it for these attributes. */
const SHELL = `declare big=-2147483648
declare bool=1
declare -a flat=(1 3 1  '' 'it'\\''s' )
declare i32=5
declare int=1
declare mid=123456789
declare neg=-1
declare -a nolist=()
declare -A noset=()
declare nul=''
declare off=
declare -A outputs=(['dev']='${DEV}' ['out']='${OUT}' )
declare self='${OUT}'
declare -A set=(['a']=1 ['b c']='it'\\''s' ['d']= ['e']='' )
declare str='q"u\\o
te'\\''s $x'
declare uni='é🚀'
declare whole=3
`;

const INFO = {
  path: DEP,
  narHash: parseHash("sha256:00kjynz8n03652qccs76ivsvark3pr3dfr6w1ba3x7bx83kcknvv"),
  narSize: 120,
  references: [],
  registrationTime: 0,
  ultimate: false,
  signatures: [],
};

const drv = { name: "structured", env: new Map([["__json", JSON_BEFORE]]) };
const outputs = new Map([
  ["dev", DEV],
  ["out", OUT],
]);

test("the shell's form declares what bash can hold, as Nix writes it", () => {
  assert.equal(structuredAttrsShell(structuredAttrsJson(STORE, drv, { outputs })), SHELL);
});

test("the JSON form has output paths for names and placeholders, and the rest unchanged", () => {
  const expected = JSON_BEFORE.replace('["out","dev"]', `{"dev":"${DEV}","out":"${OUT}"}`).replace(
    hashPlaceholder("out"),
    OUT,
  );
  assert.equal(formatJson(structuredAttrsJson(STORE, drv, { outputs })), expected);
});

test("an exported graph stands under its key, as Nix writes it", () => {
  const graphs = new Map([["graph", [{ info: INFO, closureSize: 120 }]]]);
  const json = structuredAttrsJson(STORE, drv, { outputs, graphs });
  assert.equal(
    formatJson(json.get("graph")!),
    `[{"closureSize":120,"narHash":"sha256:00kjynz8n03652qccs76ivsvark3pr3dfr6w1ba3x7bx83kcknvv","narSize":120,"path":"/nix/store/${DEP}","references":[],"valid":true}]`,
  );
});

test("without structured attributes an exported graph is lines", () => {
  const text = formatReferencesGraph(STORE, [{ ...INFO, references: [DEP] }]);
  assert.equal(text, `/nix/store/${DEP}\n\n1\n/nix/store/${DEP}\n`);
});
