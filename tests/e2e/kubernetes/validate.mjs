// validate - check Kubernetes manifests against the schemas of their kinds
//
//   validate.mjs FILE...   prints each object as a line of JSON, its file's name
//                          with it; what is wrong goes to stderr, and status 1
//
// The models' validators know what is required, formats and enumerations, and
// let unknown fields pass. TypeScript refuses those in an object that is written
// out, so each one is written out as what its kind is declared to be.
// SPDX-License-Identifier: MIT
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import ts from "typescript";
import { parseAllDocuments } from "yaml";

let failed = false;
const fail = (file, what) => { failed = true; console.error(`${file}: ${what}`); };

// What only kustomize reads, and strictly.
const isKustomize = ({ apiVersion }) => apiVersion?.startsWith("kustomize.config.k8s.io/");

function typeOf(object) {
	if (!object.apiVersion)
		return { from: "kubernetes-models/v1/Container", name: "IContainer", partial: true };
	const models = object.apiVersion.startsWith("monitoring.coreos.com/")
		? "@kubernetes-models/prometheus-operator" : "kubernetes-models";
	return { from: `${models}/${object.apiVersion}/${object.kind}`, name: `I${object.kind}` };
}

async function validate(file, object, { from, name, partial }) {
	if (partial)
		return;
	try {
		const { [name.slice(1)]: Kind } = await import(from);
		new Kind(object).validate();
	} catch (error) {
		fail(file, error.message);
	}
}

function refuseUnknownFields(objects) {
	const checked = objects.map(({ file, object, type: { from, name, partial } }, n) => {
		const path = `checked-${process.pid}-${n}.ts`;
		const type = partial ? `Partial<${name}>` : name;
		writeFileSync(path, `import type { ${name} } from ${JSON.stringify(from)};\n` +
			`export const it: ${type} = ${JSON.stringify(object, null, 1)};\n`);
		return [path, file];
	});
	const files = new Map(checked);
	const program = ts.createProgram([...files.keys()], {
		module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2022,
		strict: true, noEmit: true, skipLibCheck: true, types: [],
	});
	for (const path of files.keys()) {
		const source = program.getSourceFile(path);
		for (const { messageText } of [...program.getSyntacticDiagnostics(source),
			...program.getSemanticDiagnostics(source)])
			fail(files.get(path), ts.flattenDiagnosticMessageText(messageText, "\n  "));
		ts.sys.deleteFile(path);
	}
}

const objects = [];
for (const path of process.argv.slice(2)) {
	const file = basename(path);
	for (const document of parseAllDocuments(readFileSync(path, "utf8"))) {
		document.errors.forEach((error) => fail(file, error.message));
		const object = document.toJS();
		console.log(JSON.stringify({ file, ...object }));
		if (!isKustomize(object))
			objects.push({ file, object, type: typeOf(object) });
	}
}
for (const { file, object, type } of objects)
	await validate(file, object, type);
refuseUnknownFields(objects);
process.exitCode = failed ? 1 : 0;
