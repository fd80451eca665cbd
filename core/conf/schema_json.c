/*
 * schema_json: the reader's tables as JSON Schema, so that editors know what we know.
 */
#include "base/banned.h"
#include "conf/schema.h"

static void
text_type(struct json *j, const char *pattern)
{
	json_string(j, "type", "string");
	if (pattern != NULL)
		json_string(j, "pattern", pattern);
}

static void
field_type(struct json *j, const struct field *f)
{
	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_SCRIPT:
	case FIELD_BOUND:
	case FIELD_TARGET:
	case FIELD_TEMPLATE:
		json_array(j, "type");
		json_string(j, NULL, "string");
		json_string(j, NULL, "number");
		json_array_end(j);
		break;
	case FIELD_ID: text_type(j, "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"); break;
	case FIELD_INT:
		json_string(j, "type", "integer");
		json_int(j, "minimum", f->min);
		if (f->max != 0)
			json_int(j, "maximum", f->max);
		break;
	case FIELD_DURATION: text_type(j, "^([0-9]+[smhdw])+$"); break;
	case FIELD_SIZE:
		json_array(j, "type");
		json_string(j, NULL, "string");
		json_string(j, NULL, "integer");
		json_array_end(j);
		break;
	case FIELD_TIME: text_type(j, NULL); break;
	case FIELD_BOOL: json_string(j, "type", "boolean"); break;
	case FIELD_CHOICE:
		json_array(j, "enum");
		for (int i = 0; f->choices[i] != NULL; i++)
			json_string(j, NULL, f->choices[i]);
		json_array_end(j);
		break;
	case FIELD_TEXTS:
		json_array(j, "type");
		json_string(j, NULL, "array");
		json_string(j, NULL, "string");
		json_array_end(j);
		break;
	default: break;
	}
}

static void
field_json(struct json *j, const struct field *f)
{
	if (f->type == FIELD_OBJECT) {
		schema_json(j, f->name, &f->sub, 1);
		return;
	}
	json_object(j, f->name);
	json_string(j, "description", f->doc);
	if (f->type == FIELD_MAP) {
		json_string(j, "type", "object");
		schema_json(j, "additionalProperties", &f->sub, 1);
	} else if (f->type == FIELD_LIST) {
		json_string(j, "type", "array");
		schema_json(j, "items", &f->sub, 1);
	} else {
		field_type(j, f);
	}
	json_object_end(j);
}

void
schema_json(struct json *j, const char *key, const struct schema *const *schemas, size_t count)
{
	json_object(j, key);
	json_string(j, "type", "object");
	json_string(j, "title", schemas[0]->name);
	json_bool(j, "additionalProperties", false);
	json_object(j, "properties");
	for (size_t s = 0; s < count; s++)
		for (size_t i = 0; i < schemas[s]->count; i++)
			if (!schemas[s]->fields[i].internal)
				field_json(j, &schemas[s]->fields[i]);
	json_object_end(j);
	json_array(j, "required");
	for (size_t s = 0; s < count; s++)
		for (size_t i = 0; i < schemas[s]->count; i++)
			if (schemas[s]->fields[i].required)
				json_string(j, NULL, schemas[s]->fields[i].name);
	json_array_end(j);
	json_object_end(j);
}
