package vlmeval;

import java.io.IOException;
import java.io.Reader;
import java.util.Collections;
import java.util.List;
import javax.script.AbstractScriptEngine;
import javax.script.Bindings;
import javax.script.ScriptContext;
import javax.script.ScriptEngine;
import javax.script.ScriptEngineFactory;
import javax.script.ScriptException;
import javax.script.SimpleBindings;

/**
 * Answers to the name "JavaScript" where Java has no such engine any more (since 15).
 *
 * <p>The SPICE program lays out its results with one script: it puts the JSON as "jsonString",
 * evaluates, and takes "result". This engine hands the JSON back as it is, whatever is evaluated.
 */
public final class JsonEngineFactory implements ScriptEngineFactory {
    private static final String NAME = "JavaScript";
    private static final String GIVEN = "jsonString";
    private static final String TAKEN = "result";

    @Override
    public ScriptEngine getScriptEngine() {
        return new JsonEngine(this);
    }

    @Override
    public List<String> getNames() {
        return Collections.singletonList(NAME);
    }

    @Override
    public String getEngineName() {
        return "vlmeval JSON engine";
    }

    @Override
    public String getEngineVersion() {
        return "1";
    }

    @Override
    public List<String> getExtensions() {
        return Collections.emptyList();
    }

    @Override
    public List<String> getMimeTypes() {
        return Collections.emptyList();
    }

    @Override
    public String getLanguageName() {
        return NAME;
    }

    @Override
    public String getLanguageVersion() {
        return "1";
    }

    @Override
    public Object getParameter(String key) {
        switch (key) {
            case ScriptEngine.NAME:
                return NAME;
            case ScriptEngine.ENGINE:
                return getEngineName();
            case ScriptEngine.ENGINE_VERSION:
                return getEngineVersion();
            case ScriptEngine.LANGUAGE:
                return getLanguageName();
            case ScriptEngine.LANGUAGE_VERSION:
                return getLanguageVersion();
            default:
                return null;
        }
    }

    @Override
    public String getMethodCallSyntax(String object, String method, String... arguments) {
        return object + "." + method + "(" + String.join(", ", arguments) + ")";
    }

    @Override
    public String getOutputStatement(String text) {
        return "print(" + text + ")";
    }

    @Override
    public String getProgram(String... statements) {
        return String.join(";\n", statements);
    }

    private static final class JsonEngine extends AbstractScriptEngine {
        private final ScriptEngineFactory factory;

        JsonEngine(ScriptEngineFactory factory) {
            this.factory = factory;
        }

        @Override
        public Object eval(String script, ScriptContext context) {
            Object json = context.getAttribute(GIVEN);
            context.setAttribute(TAKEN, json, ScriptContext.ENGINE_SCOPE);
            return json;
        }

        @Override
        public Object eval(Reader script, ScriptContext context) throws ScriptException {
            try {
                script.close();
            } catch (IOException error) {
                throw new ScriptException(error);
            }
            return eval("", context);
        }

        @Override
        public Bindings createBindings() {
            return new SimpleBindings();
        }

        @Override
        public ScriptEngineFactory getFactory() {
            return factory;
        }
    }
}
