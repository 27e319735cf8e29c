package vlmeval;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/**
 * Runs the main method of a program once for every line of stdin, all in one Java.
 *
 * <p>A line holds the arguments, tabs between them; it is answered with "done" on stdout. What the
 * program prints goes to stderr. When stdin ends, so does this Java, in the middle of its work too:
 * whoever started it has ended, or wants no more.
 */
public final class ScoreLoop {
    private static final int FAILED = 70;

    private ScoreLoop() {}

    public static void main(String[] given) throws Exception {
        PrintStream answers = System.out;
        System.setOut(System.err);
        Method program = Class.forName(given[0]).getMethod("main", String[].class);
        BlockingQueue<String> lines = new LinkedBlockingQueue<>();
        Thread reader = new Thread(() -> read(lines), "lines");
        reader.setDaemon(true);
        reader.start();
        while (true) {
            run(program, lines.take().split("\t", -1));
            answers.println("done");
            answers.flush();
        }
    }

    private static void run(Method program, String[] arguments) throws IllegalAccessException {
        try {
            program.invoke(null, (Object) arguments);
        } catch (InvocationTargetException error) {
            error.getCause().printStackTrace();
            Runtime.getRuntime().halt(FAILED);
        }
    }

    private static void read(BlockingQueue<String> lines) {
        try (BufferedReader in =
                new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                lines.add(line);
            }
        } catch (IOException error) {
            error.printStackTrace();
        }
        Runtime.getRuntime().halt(0);
    }
}
